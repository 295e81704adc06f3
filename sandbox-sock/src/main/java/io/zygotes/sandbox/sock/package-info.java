/**
 * The SOCK mechanism: sandboxes made by forking zygotes, the warden above them, their cgroups and mounts.
 *
 * <p>Entry point: {@link io.zygotes.sandbox.sock.SockProvider}, which starts a {@code SockMechanism}. What happens
 * inside the sandboxes stands in the Python package {@code runtime/_zygotes} among this module's resources.
 */
package io.zygotes.sandbox.sock;
