//! A person erased: no byte of the home tells who it was, joins still work, and nothing that comes later brings the person back.
