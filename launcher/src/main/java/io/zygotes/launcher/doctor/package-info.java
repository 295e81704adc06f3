/** Looks whether a machine can run a worker, and removes what a dead one left. */
package io.zygotes.launcher.doctor;
