/** What is wrong with signatures, in German. */
import type { englishTrust } from './trust-en.ts';

export const germanTrust: typeof englishTrust = {
  TRUST_INVALID: {
    what: 'Der vertraute Root dieses Geräts fehlt oder ist beschädigt.',
    todo: 'Dem Gerät seinen Root neu geben, als root auf einer Shell.',
  },
  TRUST_DAMAGED: {
    what: 'Was dieses Gerät zuletzt bestätigt hat, ist beschädigt.',
    todo: 'Noch einmal prüfen lassen, wenn die Quelle erreichbar ist.',
  },
  SIGNATURE_MISSING: {
    what: 'In der Quelle fehlen hierfür Signaturen, und dieses Gerät verlangt sie.',
    todo: 'Den Herausgeber der Versionen benachrichtigen.',
  },
  SIGNATURE_INVALID: {
    what: 'Die Quelle ist nicht mit den Schlüsseln signiert, denen dieses Gerät vertraut.',
    todo: 'Beim Herausgeber der Versionen nachfragen, ob ein Schlüssel geändert wurde, und sie nicht auf anderem Weg installieren.',
  },
  METADATA_INVALID: { what: 'Die Signaturen der Quelle sind nicht lesbar.', todo: 'Den Herausgeber der Versionen benachrichtigen.' },
  METADATA_ROLLBACK: {
    what: 'Die Quelle hat ältere Signaturen als hier schon bekannt.',
    todo: 'Später noch einmal versuchen oder aus einem anderen Netz: Das ist eine alte Kopie oder ein Angriff.',
  },
  METADATA_MISMATCH: {
    what: 'Die Dateien der Quelle passen nicht zusammen.',
    todo: 'Später noch einmal versuchen: Die Quelle wird vielleicht gerade geändert.',
  },
  METADATA_EXPIRED: { what: 'Die Signaturen der Quelle sind abgelaufen.', todo: 'Warten, bis der Herausgeber der Versionen sie erneuert.' },
};
