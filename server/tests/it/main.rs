//! Tests over HTTP, on a real PostgreSQL and a real socket.

mod gate;
