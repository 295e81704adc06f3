package io.zygotes.launcher.measure.bench;

/**
 * What the sandboxes of a worker take at one moment.
 *
 * @param zygotes how many zygotes there are
 * @param zygoteBytes what the kernel charges them
 * @param leaves how many leaves there are
 * @param leafBytes what the kernel charges them
 * @param privateBytesOfALeaf memory that a leaf shares with nobody (median); 0 without leaves
 */
record SandboxMemory(int zygotes, long zygoteBytes, int leaves, long leafBytes, long privateBytesOfALeaf) {}
