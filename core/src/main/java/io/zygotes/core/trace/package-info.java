/**
 * Writes down which packages are called together and what they cost, for making trees from: a queue and its thread
 * ({@code TraceLog}), the lines ({@code TraceLines}), the file ({@code TraceFile}). Uses {@code files} and what the SPI
 * says of packages.
 */
package io.zygotes.core.trace;
