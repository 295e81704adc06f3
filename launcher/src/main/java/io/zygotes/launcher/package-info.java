/** Where the program starts. */
package io.zygotes.launcher;
