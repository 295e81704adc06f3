/**
 * Tells a running worker what to do: a socket in the worker directory that its owner alone can reach, and the command's
 * end of it. One line is asked, one line is answered.
 */
package io.zygotes.launcher.control;
