/**
 * Zygote trees as data: the model, its file format, its picture in text.
 *
 * <p>No parameter and no return value is null, collections are unmodifiable, everything is immutable and safe for use
 * by many threads unless a type says otherwise.
 *
 * <p>May use {@code io.zygotes.spi} and Jackson. The other packages of this module stand on this one.
 */
package io.zygotes.plugin.tree.model;
