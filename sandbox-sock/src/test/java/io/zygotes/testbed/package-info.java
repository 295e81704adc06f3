/**
 * What tests of sandboxes need of a machine, for this module and for those above it: a kernel of their own, in which
 * version 2 of cgroups has all controllers, and a disk that is soon full.
 */
package io.zygotes.testbed;
