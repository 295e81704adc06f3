/**
 * What the settings say of the network: words, lists of rules, and the one setting within the other. Knows the SPI
 * alone; Jackson and YAML are those who read files.
 */
package io.zygotes.core.network;
