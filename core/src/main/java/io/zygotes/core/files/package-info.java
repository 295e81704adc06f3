/**
 * Files and folders that are there whole or not at all, files that are rotated, and why files cannot be used
 * ({@code StorageException}). Uses {@code io.zygotes.spi} for the kinds of failures, and no other package of the core.
 */
package io.zygotes.core.files;
