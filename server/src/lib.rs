pub mod refused;
pub mod sandbox;
pub mod session;
pub mod sign_in;
