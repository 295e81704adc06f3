/**
 * What all commands have in common towards the person who typed them: the exception whose message is printed, and
 * answers as JSON or as a table. May use Jackson, and nothing of Zygotes.
 */
package io.zygotes.launcher.console;
