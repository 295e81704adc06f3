/**
 * Looks whether a machine can run a worker, and removes what a dead one left. May use the core, which knows what a
 * worker leaves, and the mechanisms, which know what they need.
 */
package io.zygotes.launcher.doctor;
