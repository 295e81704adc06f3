/**
 * System calls, one method each, and nothing else. The only package that touches {@code java.lang.foreign}.
 *
 * <p>Names and numbers are those of the kernel's headers for 64-bit x86 and ARM, where all structures used here have
 * the same layout.
 */
package io.zygotes.sandbox.sock.linux;
