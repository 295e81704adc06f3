/**
 * What a sandbox needs whatever it will do, made ahead where that can be: cgroups, a scratch folder, a channel, and a
 * pipe for what it prints, which one thread reads for all. And what to do when the machine has no more of something.
 *
 * <p>May use: {@code cgroup}, {@code linux}.
 */
package io.zygotes.sandbox.sock.resource;
