// Checks a receipt as a stranger would: with a JOSE library that is not ours, and
// nothing but the keys the portal publishes.
import { type JWTPayload, compactVerify, createRemoteJWKSet } from 'jose';
import { portal } from './places';

const published = createRemoteJWKSet(new URL('/.well-known/jwks.json', portal));

/** The claims of a receipt; rejects one that no published key has signed. */
export async function verifyReceipt(receipt: string): Promise<JWTPayload> {
  const { payload } = await compactVerify(receipt, published, { algorithms: ['EdDSA', 'Ed25519'] });
  return JSON.parse(new TextDecoder().decode(payload)) as JWTPayload;
}
