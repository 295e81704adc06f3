/**
 * What lambdas print: a log with a bound in size and speed, and the last lines for who follows a lambda. Uses {@code files}, and of the SPI the interface through
 * which a mechanism hands lines over.
 */
package io.zygotes.core.output;
