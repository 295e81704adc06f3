/**
 * Every byte that the worker and what runs in its sandboxes say to each other: numbers and names, once, in {@code
 * Protocol}, which {@code _zygotes/protocol.py} mirrors constant by constant; records that write themselves or are read
 * from what came; and the channel that they go through.
 *
 * <p>May use: {@code linux}.
 */
package io.zygotes.sandbox.sock.protocol;
