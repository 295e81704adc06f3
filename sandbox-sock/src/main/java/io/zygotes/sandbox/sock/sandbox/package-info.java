/**
 * Living sandboxes, which are leaves, zygotes and jobs, and their end: who kills them, what their end means to whoever
 * waits for them, and the reaper, which frees what they held. A sandbox gets what it needs, and never knows the
 * mechanism.
 *
 * <p>May use: {@code resource}, {@code protocol}, {@code cgroup}, {@code identity}, {@code linux}.
 */
package io.zygotes.sandbox.sock.sandbox;
