/**
 * Rules for the network: what a sandbox may connect to, send to and bind to. Programs in the kernel, attached to the
 * worker's version 2 cgroup, ask maps that this package fills: which sandbox has which rule, and what each rule allows.
 * Names of hosts are resolved and followed, refusals are counted and told. Begin reading at {@code NetworkWall}.
 *
 * <p>May use: {@code linux}.
 */
package io.zygotes.sandbox.sock.network;
