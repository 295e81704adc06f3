/**
 * The warden, pid 1 of all sandboxes: its process, its restarts, and who lives below it by process id; and what it is
 * given: the interpreter, our Python files, and the plan of the root file system.
 *
 * <p>May use: {@code resource}, {@code protocol}, {@code cgroup}, {@code identity}, {@code linux}.
 */
package io.zygotes.sandbox.sock.warden;
