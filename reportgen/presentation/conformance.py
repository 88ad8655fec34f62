"""What makes a written PDF conform: its claim to be accessible, and what the renderer leaves wrong put right."""

from __future__ import annotations

from typing import Any

ACCESSIBLE = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 to which the document conforms</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""
"""PDF/UA-1 (ISO 14289-1, clause 5), described as PDF/A demands of names it does not know (ISO 19005-3, 6.6.2.3)."""
END = b"</rdf:RDF>"


def declare_accessible(metadata: Any) -> None:
    """Let a document's metadata claim PDF/UA-1 beside PDF/A: the renderer knows one claim at a time.

    Parameters
    ----------
    metadata : object
        The renderer's ``DocumentMetadata``; its method ``generate_rdf_metadata`` is replaced.
    """
    generate = metadata.generate_rdf_metadata

    def both(*arguments: object) -> bytes:
        head, end, tail = generate(*arguments).rpartition(END)
        assert end == END
        return bytes(head + ACCESSIBLE + end + tail)

    metadata.generate_rdf_metadata = both


def mend(pdf: Any) -> None:
    """Put right what the renderer leaves wrong: attachments listed twice, header cells without their direction."""
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
    for item in pdf.objects:
        if isinstance(item, dict) and item.get("S") == "/TH":
            row = _target(pdf, item["P"])
            is_head = _target(pdf, row["P"]).get("S") == "/THead"
            item["A"]["Scope"] = "/Column" if is_head else "/Row"


def _target(pdf: Any, reference: str | bytes) -> Any:
    """The object a reference leads to."""
    return pdf.objects[int(reference.split()[0])]
