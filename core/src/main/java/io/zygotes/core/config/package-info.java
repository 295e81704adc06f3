/**
 * The worker directory and its {@code config.json}. Unless said otherwise nothing is ever null. Uses
 * {@code io.zygotes.core.files} and the SPI's words for limits and errors, and Jackson for the file itself.
 */
package io.zygotes.core.config;
