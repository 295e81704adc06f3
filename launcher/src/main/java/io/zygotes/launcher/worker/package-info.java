/**
 * A worker of one directory: {@code Workers} wires it, {@code ForegroundWorker} runs it in this process until a signal
 * comes, {@code DetachedWorker} starts it in a process of its own, {@code RunningWorker} talks to one over HTTP. May
 * use the core, the plugins, the control socket and the image; the only package of the launcher that uses Guice.
 */
package io.zygotes.launcher.worker;
