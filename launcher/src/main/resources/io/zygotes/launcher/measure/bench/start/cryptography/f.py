from cryptography.fernet import Fernet


def f(event):
    box = Fernet(Fernet.generate_key())
    assert box.decrypt(box.encrypt(b"a secret")) == b"a secret"
    return event
