/**
 * What every measurement has in common: its progress lines, and a place with a worker of its own
 * ({@link io.zygotes.launcher.measure.session.Workplace}), of which nothing stays behind, also when it is stopped. May
 * use the core's worker directory and registry, {@code console}, and the SPI.
 */
package io.zygotes.launcher.measure.session;
