/**
 * Where lambda code comes from: names, versions, requirements, settings; each version unpacked once. Uses {@code files}
 * and the SPI's words for what a leaf must be.
 */
package io.zygotes.core.registry;
