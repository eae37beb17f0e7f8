"""Which language a text is written in, by its commonest small words. Not a rule itself.

Our own short lists, for languages of the Latin script only. Good enough to say "this is German, so
English statistics do not apply"; not a language detector for short texts or for mixed ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

LEAST_SHARE = 0.12  # of the words; running text has 0.15 (Finnish, Turkish) to 0.45 (English)
LEAST_DIFFERENT = 5

_SMALL_WORDS = {
    "english": "the and of to a in that it he she was his her with for on as at had i you but not "
    "they is from be my said were him so what there when out up me all this have if into no",
    "german": "der die das und ich sie er nicht ein eine in zu den es war mit auf dem ist von wie "
    "sich aber als an hatte so was mir mich du wir ihr auch noch nur einen im aus nach wenn",
    "french": "le la les de des et un une il elle je ne pas que qui dans en sur à au du avec pour "
    "ce se son sa mais est était c'était d'un d'une l'on comme plus ses nous vous lui tout",
    "spanish": "el la los las de que y en un una no se por con su para lo como más pero le sus al "
    "del era había me mi yo ella él es qué si cuando sin ya esta este nada todo",
    "italian": "il la i le di che e un una non in per con si del della era ma come lo gli da al "
    "alla suo sua mi io ho è più aveva nel nella se quando cosa anche perché dei",
    "portuguese": "o a os as de que e um uma não em para com se do da no na por mais era como mas "
    "ele ela seu sua ao eu foi quando tinha dos das pelo sem já me muito",
    "dutch": "de het een en van ik hij zij ze dat niet in op te was met zijn haar voor er maar om "
    "had aan als dan zo ook nog naar uit bij wat die is je hem mijn geen door over",
    "swedish": "och att det i en jag hon som han på den med var sig för så till är men ett om hade "
    "de av inte sin hans hennes från när där vad mig nu ut upp efter ingen",
    "danish": "og at det i en jeg hun som han på den med var sig for så til er men et om havde de "
    "af ikke sin hans hendes fra da der hvad mig nu ud op efter ved",
    "norwegian": "og at det i en jeg hun som han på den med var seg for så til er men et om hadde "
    "de av ikke sin hans hennes fra da der hva meg nå ut opp etter ved",
    "polish": "i w nie się na z to że do jak a o był była ale jego jej za już po co tak od przez "
    "mnie ja jest tylko by go kiedy jeszcze mu przed pod czy",
    "czech": "a se v na to že je s z do i byl byla ale jako si by za ho jeho její po tak jak už "
    "k o ve když pro co jsem jen ještě mu před pod nebo",
    "finnish": "ja oli hän ei että se mutta on kun niin kuin hänen joka sen en minä olen hänet nyt "
    "vain jo sitä mitä siitä sitten ne kaikki olla ollut sinä",
    "hungarian": "a az és hogy nem egy volt is csak de mint ez már meg még azt el ki mi ha kell "
    "én ő le fel akkor aki vagy mert sem lesz neki hát itt",
    "romanian": "și de în a la un o că cu nu pe se din era ce mai care pentru ca dar lui ei fi "
    "îi sau îl să am al ale fost iar când sa său",
    "turkish": "ve bir bu da de için o gibi ne çok ama daha sonra kadar ben sen onun her ile bana "
    "ona değil mi var yok diye içinde şey olarak olan zaman biri",
    "indonesian": "yang dan di itu dengan dari tidak ini untuk aku dia ke ada pada adalah akan ia "
    "tak saya juga sudah kami sebuah seorang mereka dalam oleh seperti",
    "vietnamese": "và là của một không có trong những tôi anh cô được người cho đã với như khi đó "
    "này về các từ cũng đến ra lại nhưng thì mà ông bà",
}
SMALL_WORDS = {name: frozenset(words.split()) for name, words in _SMALL_WORDS.items()}


def language(words: Sequence[str]) -> str | None:
    """Name the language of lower-case words; None where none is plain.

    English is taken where it is at least as frequent as any other.
    """
    counted = Counter(words)
    best, most = None, 0
    for name, small in SMALL_WORDS.items():
        hits = sum(counted[word] for word in small)
        different = sum(word in counted for word in small)
        if hits > most and different >= min(LEAST_DIFFERENT, len(words) // 4):
            best, most = name, hits
    return best if words and most >= LEAST_SHARE * len(words) else None
