mod imported;
mod own;
mod pool;
mod support;
