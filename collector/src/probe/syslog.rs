//! syslog(2): the size of the ring buffer, and the fallback when `/dev/kmsg` is refused.

use rustix::io::Errno;

/// `SYSLOG_ACTION_READ_ALL` of syslog(2): reads without clearing.
const READ_ALL: libc::c_int = 3;
/// `SYSLOG_ACTION_SIZE_BUFFER` of syslog(2).
const SIZE_BUFFER: libc::c_int = 10;

/// Size of the kernel's ring buffer in bytes.
///
/// # Errors
/// `EPERM` when the kernel restricts it.
pub fn buffer_bytes() -> Result<usize, Errno> {
    call(SIZE_BUFFER, &mut [])
}

/// The text of the ring buffer, at most its last `bytes_max` bytes.
///
/// # Errors
/// `EPERM` when the kernel restricts it.
pub fn read_all(bytes_max: usize) -> Result<Vec<u8>, Errno> {
    let mut text = vec![0; buffer_bytes()?.min(bytes_max)];
    let length = call(READ_ALL, &mut text)?;
    text.truncate(length);
    Ok(text)
}

#[expect(unsafe_code, reason = "syslog(2) has no safe wrapper")]
fn call(action: libc::c_int, buffer: &mut [u8]) -> Result<usize, Errno> {
    let length = libc::c_int::try_from(buffer.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the kernel writes at most `length` bytes to `buffer`, which is that long.
    let got = unsafe { libc::klogctl(action, buffer.as_mut_ptr().cast(), length) };
    usize::try_from(got).map_err(|_| {
        let error = std::io::Error::last_os_error();
        Errno::from_io_error(&error).unwrap_or(Errno::IO)
    })
}
