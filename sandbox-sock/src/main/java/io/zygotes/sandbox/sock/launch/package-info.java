/**
 * Making sandboxes: one launcher for each kind, whose steps read from top to bottom; a launch, which is one attempt and
 * undoes what it did if it fails; and who forks, with what a failed launch means.
 *
 * <p>May use: {@code warden}, {@code sandbox}, {@code network}, {@code resource}, {@code protocol}, {@code cgroup},
 * {@code identity}, {@code linux}.
 */
package io.zygotes.sandbox.sock.launch;
