/** Files and folders that are there whole or not at all, and files that are rotated. */
package io.zygotes.core.files;
