/**
 * Tells a running worker what to do: HTTP over a Unix socket in the worker directory that its owner alone can reach,
 * the command's end of it, and the signal that means the same. What the commands do is somebody else's. May use Jetty,
 * and of the core what answers over the private socket.
 */
package io.zygotes.launcher.control;
