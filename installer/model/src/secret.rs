//! A value that must not be seen: it can be used, but neither printed, compared in logs, nor serialised.

use zeroize::Zeroize;

/// A secret value. It has no `Debug`, `Display`, or `Serialize`, and is wiped when dropped.
///
/// ```compile_fail
/// let password = airlock_model::Secret::new(String::from("hunter2"));
/// println!("{password:?}");
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into custody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Hands out the value to the code that needs it. Every call is a place to review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
