package io.zygotes.core.registry;

/** What an entry of an archive is. */
enum EntryKind {
    FILE,
    FOLDER,
    LINK,
    /** A device, a pipe, a hard link: nothing that a lambda may hold. */
    OTHER
}
