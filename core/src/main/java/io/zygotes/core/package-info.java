/**
 * The worker as a whole: what a launcher wires, starts, stops and asks. {@code StartSequence} has the order of a start,
 * {@code CoreModule} the wiring, and the import cache in use and its switching are here as well. May use every package
 * of the core; none of them uses this one.
 */
package io.zygotes.core;
