package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.identity.FreshIds;
import io.zygotes.sandbox.sock.protocol.IdMap;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.sandbox.SockZygote;

/**
 * The ids that a leaf or a job uses.
 *
 * @param ids of its user namespace
 * @param release ends their use
 */
record Identity(IdMap ids, Runnable release) {

    /** An id of its own, for a sandbox that is not forked from a zygote. */
    static Identity fresh(FreshIds all, int uid) {
        int taken = all.take();
        return new Identity(new IdMap(uid, taken, 1), () -> all.giveBack(taken));
    }

    /** The id of the zygote that it is forked from. */
    static Identity of(SockZygote zygote, int uid) {
        zygote.ids().use();
        return new Identity(new IdMap(uid, Protocol.FIRST_ID, 1), zygote.ids()::release);
    }
}
