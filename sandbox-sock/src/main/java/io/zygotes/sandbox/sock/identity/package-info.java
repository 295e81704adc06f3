/**
 * Who sandboxes are on the host: blocks of user and group ids, who has which, and files that are given to them.
 *
 * <p>May use: nothing else of this module.
 */
package io.zygotes.sandbox.sock.identity;
