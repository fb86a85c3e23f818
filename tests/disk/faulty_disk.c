/*
 * A disk that fails when told to, for the tests of crash safety: preloaded before the C library, it sees every change that a
 * process makes below one folder, names it, and makes one of them fail or the process end there.
 *
 *   DISK_ROOT   the folder, an absolute path
 *   DISK_LOG    a file outside it: one line "operation<TAB>path" for each change, in their order
 *   DISK_FAULT  "operation<TAB>kind<TAB>number<TAB>fault": what becomes of the change of this number (from 1) among those of
 *               its operation and kind of file
 *
 * Faults: kill_before, kill_after (as by kill -9), eio, after (done, and then EIO), short (half of a write, then no room), full
 * and read_only (this change and every later one that needs room, or writes at all).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum fault { NONE, KILL_BEFORE, KILL_AFTER, EIO_ONCE, AFTER, SHORT, FULL, READ_ONLY };
static const char *const FAULTS[] = {"", "kill_before", "kill_after", "eio", "after", "short", "full", "read_only"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], planned_operation[32], planned_kind[32];
static long planned_number, seen;
static enum fault planned, lasting;
static int log_fd = -1;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("DISK_ROOT"), *log = getenv("DISK_LOG"), *fault = getenv("DISK_FAULT");
    char name[32];
    if (folder) snprintf(root, sizeof root, "%s/", folder);
    if (log) log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (!fault) return;
    if (sscanf(fault, "%31[^\t]\t%31[^\t]\t%ld\t%31s", planned_operation, planned_kind, &planned_number, name) != 4) abort();
    for (int at = KILL_BEFORE; at <= READ_ONLY; at++)
        if (!strcmp(name, FAULTS[at])) planned = at;
    if (planned == NONE) abort();
}

static int ends(const char *text, const char *ending) {
    size_t length = strlen(text), wanted = strlen(ending);
    return length >= wanted && !strcmp(text + length - wanted, ending);
}

/* What kind of file a path below the root is, whatever name it has while it is staged. */
static const char *kind_of(const char *path) {
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s", path);
    char *staged = strrchr(name, '#');
    if (staged) *staged = 0;
    if (strstr(name, "lake/_ledger/")) {
        if (ends(name, "head.json")) return "head";
        if (ends(name, ".sig")) return "signature";
        if (ends(name, ".json")) return "ledger entry";
    }
    if (strstr(name, "/_delta_log/")) {
        if (ends(name, ".checkpoint.parquet") || ends(name, "_last_checkpoint")) return "checkpoint";
        if (ends(name, ".json")) return "delta commit";
        if (ends(name, ".crc")) return "delta checksum";
    }
    if (ends(name, ".parquet")) return "data file";
    if (ends(name, ".wal")) return "warehouse log";
    if (strstr(name, "warehouse.duckdb")) return "warehouse";
    if (strstr(name, ".credentials")) return "credential";
    if (strstr(name, ".trailhouse-")) return "file to be named";
    if (ends(name, ".lock")) return "lock";
    if (strstr(name, "lake")) return "folder of the lake";
    return "other";
}

static void put(const char *text) {
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t done = syscall(SYS_write, log_fd, text, length);
        if (done <= 0) return;
        text += done;
        length -= done;
    }
}

static void end(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Notes the change and says what is to become of it. */
static enum fault passes(const char *operation, const char *path) {
    char line[PATH_MAX + 128], below[PATH_MAX];
    if (!root[0] || strncmp(path, root, strlen(root))) return NONE;
    snprintf(below, sizeof below, "%s", path + strlen(root));
    const char *kind = kind_of(below);
    enum fault fault = NONE;
    pthread_mutex_lock(&lock);
    if (log_fd >= 0) {
        snprintf(line, sizeof line, "%s\t%s\t%s\n", operation, kind, below);
        put(line);
    }
    int needs_room = strcmp(operation, "sync") && strcmp(operation, "unlink");
    if (lasting == READ_ONLY || (lasting == FULL && needs_room)) {
        fault = lasting;
    } else if (planned && !strcmp(operation, planned_operation) && !strcmp(kind, planned_kind) && ++seen == planned_number) {
        fault = planned;
        if (fault == FULL || fault == READ_ONLY) lasting = fault;
        if (log_fd >= 0) put("fault\n");
    }
    pthread_mutex_unlock(&lock);
    if (fault == KILL_BEFORE) end();
    return fault;
}

static int refused(enum fault fault) {
    switch (fault) {
    case EIO_ONCE: errno = EIO; return 1;
    case SHORT:
    case FULL: errno = ENOSPC; return 1;
    case READ_ONLY: errno = EROFS; return 1;
    default: return 0;
    }
}

/* What the caller is told of a change that was made. */
static long done(enum fault fault, long result) {
    if (fault == KILL_AFTER) end();
    if (fault == AFTER && result >= 0) {
        errno = EIO;
        return -1;
    }
    return result;
}

static int named(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return path[0] == '/';
}

static int joined(int folder, const char *name, char *path) {
    if (name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    char base[PATH_MAX];
    if (folder == AT_FDCWD ? !getcwd(base, sizeof base) : !named(folder, base)) return 0;
    return snprintf(path, PATH_MAX, "%s/%s", base, name) < PATH_MAX;
}

#define CHANGE_OF_FD(operation, fd, call)                                 \
    char path[PATH_MAX];                                                  \
    enum fault fault = named(fd, path) ? passes(operation, path) : NONE;  \
    if (refused(fault)) return -1;                                        \
    return done(fault, call)

#define CHANGE_OF_PATH(operation, folder, name, call)                               \
    char path[PATH_MAX];                                                            \
    enum fault fault = joined(folder, name, path) ? passes(operation, path) : NONE; \
    if (refused(fault)) return -1;                                                  \
    return done(fault, call)

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    enum fault fault = named(fd, path) ? passes("write", path) : NONE;
    if (fault == SHORT) (void)!REAL(write)(fd, bytes, length / 2);
    if (refused(fault)) return -1;
    return done(fault, REAL(write)(fd, bytes, length));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    char path[PATH_MAX];
    enum fault fault = named(fd, path) ? passes("write", path) : NONE;
    if (fault == SHORT) (void)!REAL(pwrite64)(fd, bytes, length / 2, at);
    if (refused(fault)) return -1;
    return done(fault, REAL(pwrite64)(fd, bytes, length, at));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) { CHANGE_OF_FD("write", fd, REAL(writev)(fd, parts, count)); }

int fsync(int fd) { CHANGE_OF_FD("sync", fd, REAL(fsync)(fd)); }
int fdatasync(int fd) { CHANGE_OF_FD("sync", fd, REAL(fdatasync)(fd)); }
int ftruncate64(int fd, off64_t length) { CHANGE_OF_FD("truncate", fd, REAL(ftruncate64)(fd, length)); }
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    CHANGE_OF_FD("write", to, REAL(copy_file_range)(from, from_at, to, to_at, length, flags));
}

int link(const char *from, const char *to) { CHANGE_OF_PATH("link", AT_FDCWD, to, REAL(link)(from, to)); }
int linkat(int from_folder, const char *from, int folder, const char *to, int flags) {
    CHANGE_OF_PATH("link", folder, to, REAL(linkat)(from_folder, from, folder, to, flags));
}
int rename(const char *from, const char *to) { CHANGE_OF_PATH("rename", AT_FDCWD, to, REAL(rename)(from, to)); }
int renameat(int from_folder, const char *from, int folder, const char *to) {
    CHANGE_OF_PATH("rename", folder, to, REAL(renameat)(from_folder, from, folder, to));
}
int renameat2(int from_folder, const char *from, int folder, const char *to, unsigned flags) {
    CHANGE_OF_PATH("rename", folder, to, REAL(renameat2)(from_folder, from, folder, to, flags));
}
int unlink(const char *name) { CHANGE_OF_PATH("unlink", AT_FDCWD, name, REAL(unlink)(name)); }
int unlinkat(int folder, const char *name, int flags) {
    CHANGE_OF_PATH("unlink", folder, name, REAL(unlinkat)(folder, name, flags));
}
int remove(const char *name) { CHANGE_OF_PATH("unlink", AT_FDCWD, name, REAL(remove)(name)); }
int mkdir(const char *name, mode_t mode) { CHANGE_OF_PATH("mkdir", AT_FDCWD, name, REAL(mkdir)(name, mode)); }

/* Only what makes a file is a change. */
static int opened(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    enum fault fault = NONE;
    int makes = (flags & O_CREAT) && joined(folder, name, path) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    if (makes) fault = passes("create", path);
    if (refused(fault)) return -1;
    int fd = REAL(openat64)(folder, name, flags, mode);
    if (fault == AFTER && fd >= 0) close(fd);
    return done(fault, fd);
}

#define MODE(flags)                              \
    mode_t mode = 0;                             \
    if ((flags) & (O_CREAT | O_TMPFILE)) {       \
        va_list rest;                            \
        va_start(rest, flags);                   \
        mode = va_arg(rest, mode_t);             \
        va_end(rest);                            \
    }

int open64(const char *name, int flags, ...) {
    MODE(flags);
    return opened(AT_FDCWD, name, flags, mode);
}
int open(const char *name, int flags, ...) {
    MODE(flags);
    return opened(AT_FDCWD, name, flags, mode);
}
int openat64(int folder, const char *name, int flags, ...) {
    MODE(flags);
    return opened(folder, name, flags, mode);
}
int openat(int folder, const char *name, int flags, ...) {
    MODE(flags);
    return opened(folder, name, flags, mode);
}
