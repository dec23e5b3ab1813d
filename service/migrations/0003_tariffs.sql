-- Tariffs are kept whole: those that were kept in part are pulled again.
DELETE FROM object WHERE kind = 'tariff';
DELETE FROM pull WHERE module = 'tariffs';
