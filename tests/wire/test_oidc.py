"""What is asked of an issuer, and what its description must say."""

from __future__ import annotations

from crmsync.wire.oidc import (
    BASIC,
    POST,
    IssuerDocument,
    OidcClient,
    authorization_url,
    read_issuer_document,
)

ISSUER = "https://id.example.com"
CONTENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize?brand=1",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
DOCUMENT = IssuerDocument(
    f"{ISSUER}/authorize?brand=1", f"{ISSUER}/token", f"{ISSUER}/keys", BASIC, names_itself=False
)


def test_a_description_says_how_the_issuer_is_asked():
    """The secret goes into a header unless the issuer takes it in the form alone."""
    methods = "token_endpoint_auth_methods_supported"
    named = {"authorization_response_iss_parameter_supported": True, methods: [POST]}
    both = {methods: [POST, BASIC]}

    found = [
        read_issuer_document({**CONTENT, **one}, ISSUER, lambda _address: True)
        for one in ({}, named, both)
    ]

    other = IssuerDocument(
        DOCUMENT.authorization, DOCUMENT.token, DOCUMENT.keys, POST, names_itself=True
    )
    assert found == [DOCUMENT, other, DOCUMENT]


def test_the_address_of_a_sign_in():
    """The code flow with PKCE: the verifier itself stays here (RFC 7636, appendix B)."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    address = authorization_url(
        DOCUMENT,
        OidcClient(ISSUER, "the client", "openid email"),
        redirect_uri="https://console.example.com/sign-in/back",
        state="s",
        nonce="n",
        verifier=verifier,
    )

    assert address == (
        f"{ISSUER}/authorize?brand=1&response_type=code&client_id=the+client"
        "&redirect_uri=https%3A%2F%2Fconsole.example.com%2Fsign-in%2Fback&scope=openid+email"
        "&state=s&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        "&code_challenge_method=S256"
    )
