/**
 * What every measurement has in common: its progress lines, and that nothing stays behind when it is stopped. May use
 * nothing of Zygotes but the SPI.
 */
package io.zygotes.launcher.measure.session;
