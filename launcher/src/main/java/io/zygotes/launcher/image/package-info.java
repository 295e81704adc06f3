/** Makes an image from the one that runs: a copy with other plugins. */
package io.zygotes.launcher.image;
