//! A listener whose connections can be reset from within a request: what HTTP libraries prevent, a network
//! does. Apart because it is about sockets and nothing else.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// How the header begins on the wire, and what takes its place.
const DATE: &[u8] = b"\r\ndate: ";
const UNDATED: &[u8] = b"\r\nnone: ";

/// A listener on a TCP socket.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
}

impl Door {
    /// Listens on the loopback address; port 0 takes a free one.
    pub async fn open(port: u16) -> io::Result<Door> {
        Ok(Door {
            listener: TcpListener::bind(("127.0.0.1", port)).await?,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Listener for Door {
    type Io = Wire;
    type Addr = Cut;

    async fn accept(&mut self) -> (Wire, Cut) {
        loop {
            if let Ok((stream, _)) = self.listener.accept().await
                && stream.set_nodelay(true).is_ok()
            {
                let cut = Cut::default();
                return (
                    Wire {
                        stream,
                        cut: cut.clone(),
                    },
                    cut,
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn local_addr(&self) -> io::Result<Cut> {
        Ok(Cut::default())
    }
}

/// Resets one connection: nothing more is written to it, and the peer gets RST.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    is_cut: Arc<AtomicBool>,
    is_dateless: Arc<AtomicBool>,
}

impl Cut {
    /// From the next write on the connection is dead.
    pub fn reset(&self) {
        self.is_cut.store(true, Ordering::Release);
    }

    /// Whether the next answer loses its header `Date`, which the HTTP library would always add.
    pub fn hide_date(&self, is_hidden: bool) {
        self.is_dateless.store(is_hidden, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Door>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Cut {
        stream.remote_addr().clone()
    }
}

/// A connection that obeys its [`Cut`].
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    cut: Cut,
}

impl Wire {
    fn check(&self) -> io::Result<()> {
        if !self.cut.is_cut.load(Ordering::Acquire) {
            return Ok(());
        }
        self.stream.set_zero_linger()?;
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Err(reset) = self.check() {
            return Poll::Ready(Err(reset));
        }
        if self.cut.is_dateless.load(Ordering::Acquire)
            && let Some(place) = bytes.windows(DATE.len()).position(|window| window == DATE)
        {
            self.cut.hide_date(false);
            let mut bytes = bytes.to_vec();
            bytes[place..place + DATE.len()].copy_from_slice(UNDATED);
            return Pin::new(&mut self.stream).poll_write(context, &bytes);
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.check().is_err() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
