/**
 * The kernel: one method for each call, one class for each concern, and nothing else. There is no policy here, no
 * thread, and no advice to the operator.
 *
 * <p>{@code Native} makes a call and turns its {@code errno} into a
 * {@link io.zygotes.sandbox.sock.linux.LinuxException} with the call's name and arguments. An open file is a
 * {@link io.zygotes.sandbox.sock.linux.Descriptor}; its number does not leave this package. A call that waits blocks
 * its thread in native code, so it must be a platform thread.
 *
 * <p>Names and numbers are those of the kernel's headers for 64-bit x86 and ARM, where all structures used here have
 * the same layout.
 *
 * <p>May use: the SPI's failure kinds. The only package that touches {@code java.lang.foreign}.
 */
package io.zygotes.sandbox.sock.linux;
