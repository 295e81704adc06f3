/** The worker as a whole: what a launcher wires, starts and stops. */
package io.zygotes.core;
