/**
 * Cgroups: where the hierarchies of this machine are, the groups of one worker, the pools that sandboxes get theirs
 * from, and the files of version 1 and version 2 that limits are written to.
 *
 * <p>May use: {@code identity}, {@code linux}.
 */
package io.zygotes.sandbox.sock.cgroup;
