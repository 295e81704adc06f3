/**
 * The SOCK mechanism: sandboxes made by forking zygotes, the warden above them, their cgroups and mounts.
 *
 * <p>Entry point: {@link io.zygotes.sandbox.sock.SockProvider}, which starts a {@code SockMechanism}, which puts the
 * parts together and delegates. What happens inside the sandboxes stands in the Python package {@code runtime/_zygotes}
 * among this module's resources.
 *
 * <p>May use: all packages below, which use each other in this order only: {@code launch}; then {@code warden} and
 * {@code sandbox}; {@code resource}; {@code protocol} and {@code cgroup}; {@code identity}; {@code linux}. A test holds
 * it.
 */
package io.zygotes.sandbox.sock;
