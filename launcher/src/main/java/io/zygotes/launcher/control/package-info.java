/**
 * Tells a running worker what to do: HTTP over a Unix socket in the worker directory that its owner alone can reach, the
 * command's end of it, and the signal that means the same.
 */
package io.zygotes.launcher.control;
