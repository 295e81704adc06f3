/**
 * {@code zygotes bench}: measures cold starts and memory of real sandboxes, on a worker of its own in a temporary
 * folder, beside the floor: a bare Python process that forks. {@code docs/performance.md} says how to read the numbers.
 * May use the worker, its sandboxes included, and the traces of {@code measure.tree}.
 */
package io.zygotes.launcher.measure.bench;
