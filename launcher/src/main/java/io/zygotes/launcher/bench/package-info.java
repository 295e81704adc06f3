/**
 * Measures cold starts and memory of real sandboxes, on a worker of its own in a temporary folder, beside the floor: a
 * bare Python process that forks. {@code docs/performance.md} says how to read the numbers.
 */
package io.zygotes.launcher.bench;
